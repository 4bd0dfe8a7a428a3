#pragma OPENCL EXTENSION cl_khr_fp64 : enable  
#pragma OPENCL EXTENSION cl_khr_fp16 : enable  
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable  
__kernel void samplePerThread(__global long *_kernel_context, __constant uchar *_constant_region, __local uchar *_local_region, __global int *_atomics, __global uchar *pass, __global uchar *slotOf, __global uchar *parameters, __global uchar *sums, __global uchar *cuts, __private int chunks, __private int digit, __private int kind, __private int part)
{
  long l_54, l_56, l_55, l_62, l_60, l_59, l_66, l_65, l_63, l_38, l_37, l_36, l_42, l_40, l_44, l_50, l_49, l_48, l_19, l_25, l_24, l_23, l_30, l_29, l_34, l_33, l_71, l_13, l_12, l_11, l_18, l_17; 
  bool b_6; 
  ulong ul_20, ul_26, ul_57, ul_31, ul_61, ul_3, ul_35, ul_67, ul_2, ul_1, ul_0, ul_39, ul_14, ul_51; 
  int i_7, i_8, i_72, i_9, i_73, i_10, i_64, i_4, i_68, i_5, i_69, i_70, i_58, i_47, i_52, i_53, i_41, i_43, i_45, i_46, i_32, i_27, i_28, i_15, i_16, i_21, i_22; 

  // BLOCK 0
  ul_0  =  (ulong) pass;
  ul_1  =  (ulong) sums;
  ul_2  =  (ulong) cuts;
  ul_3  =  ul_0 + 24L;
  i_4  =  *((__global int *) ul_3);
  i_5  =  get_global_id(0);
  b_6  =  i_5 < i_4;
  if(b_6)
  {
    // BLOCK 1
    // BLOCK 2 MERGES [1 3 ]
    i_7  =  0;
    for(;i_7 < 1024;)
    {
      // BLOCK 3
      i_8  =  i_7 + 1;
      i_7  =  i_8;
    }  // B2
    // BLOCK 4
    i_9  =  i_5 << 4;
    i_10  =  i_9 + 13;
    l_11  =  (long) i_10;
    l_12  =  l_11 + 4L;
    l_13  =  l_12 << 2;
    ul_14  =  ul_2 + l_13;
    i_15  =  *((__global int *) ul_14);
    i_16  =  i_9 + 14;
    l_17  =  (long) i_16;
    l_18  =  l_17 + 4L;
    l_19  =  l_18 << 2;
    ul_20  =  ul_2 + l_19;
    i_21  =  *((__global int *) ul_20);
    i_22  =  i_5 << 11;
    l_23  =  (long) i_22;
    l_24  =  l_23 + 4L;
    l_25  =  l_24 << 2;
    ul_26  =  ul_1 + l_25;
    i_27  =  *((__global int *) ul_26);
    i_28  =  i_22 + 5;
    l_29  =  (long) i_28;
    l_30  =  l_29 << 2;
    ul_31  =  ul_1 + l_30;
    i_32  =  *((__global int *) ul_31);
    l_33  =  (long) i_27;
    l_34  =  l_33 << 32;
    ul_35  =  i_32 & 4294967295UL;
    l_36  =  l_34 | ul_35;
    l_37  =  (long) i_15;
    l_38  =  l_37 << 32;
    ul_39  =  i_21 & 4294967295UL;
    l_40  =  l_38 | ul_39;
    i_41  =  i_5 << 10;
    // BLOCK 5 MERGES [4 6 ]
    l_42  =  l_40;
    i_43  =  0;
    l_44  =  l_36;
    for(;l_44 < l_42;)
    {
      // BLOCK 6
      i_45  =  i_43 + 1;
      i_46  =  i_41 + i_45;
      i_47  =  i_46 << 1;
      l_48  =  (long) i_47;
      l_49  =  l_48 + 4L;
      l_50  =  l_49 << 2;
      ul_51  =  ul_1 + l_50;
      i_52  =  *((__global int *) ul_51);
      i_53  =  i_47 + 1;
      l_54  =  (long) i_53;
      l_55  =  l_54 + 4L;
      l_56  =  l_55 << 2;
      ul_57  =  ul_1 + l_56;
      i_58  =  *((__global int *) ul_57);
      l_59  =  (long) i_52;
      l_60  =  l_59 << 32;
      ul_61  =  i_58 & 4294967295UL;
      l_62  =  l_60 | ul_61;
      l_63  =  l_42 - l_44;
      l_42  =  l_63;
      i_43  =  i_45;
      l_44  =  l_62;
    }  // B5
    // BLOCK 7
    i_64  =  i_9 + 15;
    l_65  =  (long) i_64;
    l_66  =  l_65 << 2;
    ul_67  =  ul_2 + l_66;
    i_68  =  *((__global int *) ul_67);
    i_69  =  i_68 << 10;
    i_70  =  i_43 | i_69;
    *((__global int *) ul_67)  =  i_70;
    l_71  =  l_42 >> 32;
    i_72  =  (int) l_71;
    *((__global int *) ul_14)  =  i_72;
    i_73  =  (int) l_42;
    *((__global int *) ul_20)  =  i_73;
  }  // B0
  else
  {
    // BLOCK 8
  }  // B0
  // BLOCK 9 MERGES [8 7 ]
  return;
}  //  kernel
